/** A WebAssembly module small enough to be written here: `add` stores a sum, `refuse` answers with a status, `trap` traps, `wait` polls the cancel word. */
import binaryen from 'binaryen';

export const exportNames = ['add', 'refuse', 'trap', 'wait'];

export function tinyModule(): Uint8Array {
  const source = `
  (module
    (import "env" "memory" (memory 1 65536 shared))
    (func (export "add") (param $work i32) (param $a i32) (param $b i32) (param $out i32) (param $c f64) (result i32)
      (f64.store (local.get $out)
        (f64.add (local.get $c) (f64.add (f64.load (local.get $a)) (f64.load (local.get $b)))))
      (i32.const 0))
    (func (export "refuse") (param $work i32) (param $status i32) (result i32) (local.get $status))
    (func (export "trap") (param $work i32) (result i32) (unreachable))
    (func (export "wait") (param $work i32) (result i32)
      (loop $again (br_if $again (i32.eqz (i32.atomic.load (local.get $work)))))
      (i32.const -1)))`;
  const module = binaryen.parseText(source);
  module.setFeatures(binaryen.Features.All);
  const bytes = module.emitBinary();
  module.dispose();
  return bytes;
}
