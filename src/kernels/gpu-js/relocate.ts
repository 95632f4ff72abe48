/**
 * gpu.js's WebAssembly made to run on arrays of the heap. Its module expects arguments and result at fixed bytes of a memory
 * of its own; here every access says by its fixed offset what it means, and gets the array's address from a global instead, a
 * number's value from another. Indices outside an array are clamped to it, as gpu.js does where it computes four elements at
 * once, so that a wrong one reads nothing foreign and finds the same each time. What is called is a function of its own (driver.ts).
 */
import { Bytes, I32, plain, simd, V128 } from '../emit/encoder.js';
import { F32, type Instruction, nextInstruction, op, Reader, SIMD, section, sectionsOf } from './binary.js';
import { driver, type Places, placesOf, type Relocation } from './driver.js';

/** Bytes between what stands for an argument in the module's memory and the next; the result follows the last. */
export const STRIDE = 256;

const MOST_PAGES = 65536;
const FLOAT = 4;
const EXTRACT_I32 = 27;

/** @throws Error for a module that is not as expected */
export function relocated(module: Uint8Array, relocation: Relocation): Uint8Array<ArrayBuffer> {
  const { types, imports, functions, globals, exports, bodies } = sectionsOf(module);
  const run = exports.get('run');
  if (run === undefined) throw new Error('its module has no export run');
  const imported = imports.length;
  const places = placesOf(relocation, globals.length);
  const code = bodies.map((body, i) => rewritten(body, types[functions[i]!]!.parameters, relocation, places));
  code.push(driver(relocation, places, run, exports.get('run_simd') ?? run));
  const out = new Bytes();
  out.raw([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  section(out, 1, types, (bytes, { raw }) => bytes.raw(raw));
  const memory = new Bytes();
  memory.name('env');
  memory.name('memory');
  memory.raw([0x02, 0x03, 0]);
  memory.unsigned(MOST_PAGES);
  section(out, 2, [memory.done(), ...imports], (bytes, raw) => bytes.raw(raw));
  section(out, 3, [...functions, functions[run - imported]!], (bytes, type) => bytes.unsigned(type));
  section(out, 6, [...globals, ...places.globals], (bytes, raw) => bytes.raw(raw));
  section(out, 7, [imported + functions.length], (bytes, index) => {
    bytes.name('run');
    bytes.byte(0x00);
    bytes.unsigned(index);
  });
  section(out, 10, code, (bytes, body) => bytes.append(body));
  return out.done();
}

/** A function's body, its accesses to memory made those to the heap. */
function rewritten(body: Uint8Array, parameters: number, relocation: Relocation, places: Places): Uint8Array {
  const reader = new Reader(body);
  const groups = reader.unsigned();
  const declared = new Bytes();
  let locals = parameters;
  for (let i = 0; i < groups; i++) {
    const count = reader.unsigned();
    locals += count;
    declared.unsigned(count);
    declared.byte(reader.byte());
  }
  const accesses = new Accesses(locals, relocation, places);
  while (!reader.isDone) accesses.write(nextInstruction(reader));
  const { more, start, code } = accesses;
  const out = new Bytes();
  out.unsigned(groups + more.length);
  out.raw(declared.done());
  for (const type of more) out.raw([1, type]);
  out.raw(start.done());
  out.raw(code.done());
  return out.done();
}

/** The code of a function, as it is written anew. */
class Accesses {
  /** Reads the addresses that the code needs into locals. */
  readonly start = new Bytes();
  readonly code = new Bytes();
  /** The types of the locals that are added. */
  readonly more: number[] = [];
  readonly #locals: number;
  readonly #relocation: Relocation;
  readonly #places: Places;
  readonly #named = new Map<string, number>();
  readonly #before: Instruction[] = [];
  /** By local: the number that its lanes were clamped to. */
  readonly #clamped = new Map<number, number>();

  constructor(locals: number, relocation: Relocation, places: Places) {
    this.#locals = locals;
    this.#relocation = relocation;
    this.#places = places;
  }

  write(instruction: Instruction): void {
    switch (instruction.opcode) {
      case op.f32Load:
        this.#access(instruction, F32, false);
        break;
      case op.f32Store:
        this.#access(instruction, F32, true);
        break;
      case SIMD + simd.load:
        this.#access(instruction, V128, false);
        break;
      case SIMD + simd.store:
        this.#access(instruction, V128, true);
        break;
      default:
        this.#noteClamp(instruction);
        this.code.raw(instruction.raw);
    }
    this.#before.push(instruction);
    if (this.#before.length > 4) this.#before.shift();
  }

  #access({ opcode, value: offset, align, raw }: Instruction, type: number, isStore: boolean): void {
    const { kinds, sizes } = this.#relocation;
    const place = Math.min(Math.floor(offset / STRIDE), kinds.length);
    const kind = kinds[place];
    if (kind !== undefined && opcode !== op.f32Load) throw new Error('it does more with arguments than to read them');
    if (kind === 'number' || kind === 'scalar') {
      this.code.byte(op.drop);
      this.#put(op.globalGet, this.#places.of[place]!);
      return;
    }
    if (kind === 'array' && !this.#isClamped(sizes[place]!)) this.#clamp((sizes[place]! - 1) * FLOAT);
    const stored = isStore ? this.#local(`stored ${type}`, type) : 0;
    if (isStore) this.#put(op.localSet, stored);
    this.#put(op.localGet, this.#address(place));
    this.code.byte(plain.i32Add);
    if (isStore) this.#put(op.localGet, stored);
    this.code.raw(type === F32 ? raw.subarray(0, 1) : raw.subarray(0, 2));
    this.code.unsigned(align);
    this.code.unsigned(offset - place * STRIDE);
  }

  /** The byte on the stack made one of 0 … last. */
  #clamp(last: number): void {
    const byte = this.#local('byte', I32);
    for (const [bound, isLess] of [
      [0, op.i32GtS],
      [last, plain.i32LtS],
    ] as const) {
      this.#put(op.localTee, byte);
      this.#constant(bound);
      this.#put(op.localGet, byte);
      this.#constant(bound);
      this.code.raw([isLess, plain.select]);
    }
  }

  /** gpu.js clamps four indices at once, and makes a local for them that holds nothing else. */
  #noteClamp({ opcode, value }: Instruction): void {
    if (opcode !== op.localSet && opcode !== op.localTee) return;
    const [above, bound, below] = this.#before.slice(-3);
    const isClamp = above?.opcode === SIMD + simd.i32x4MaxS && below?.opcode === SIMD + simd.i32x4MinS;
    const isFirst = opcode === op.localSet && !this.#clamped.has(value);
    const isConstant = bound?.opcode === SIMD + simd.const;
    this.#clamped.set(value, isClamp && isFirst && isConstant ? bound.value : Number.NaN);
  }

  /** Whether the byte on the stack is where a lane of such a local points to. */
  #isClamped(size: number): boolean {
    const [local, lane, two, shift] = this.#before;
    const isByte = two?.opcode === op.i32Const && two.value === 2 && shift?.opcode === plain.i32Shl;
    const isLane = local?.opcode === op.localGet && lane?.opcode === SIMD + EXTRACT_I32;
    return isByte && isLane && this.#clamped.get(local.value) === size - 1;
  }

  #put(opcode: number, index: number): void {
    this.code.byte(opcode);
    this.code.unsigned(index);
  }

  #constant(value: number): void {
    this.code.byte(op.i32Const);
    this.code.signed(value);
  }

  /** The local of a name. */
  #local(name: string, type: number): number {
    const local = this.#named.get(name) ?? this.#locals + this.more.push(type) - 1;
    this.#named.set(name, local);
    return local;
  }

  /** The local with the address of an argument, or of the result. */
  #address(place: number): number {
    const name = `address ${place}`;
    const isNew = !this.#named.has(name);
    const local = this.#local(name, I32);
    if (isNew) {
      this.start.byte(op.globalGet);
      this.start.unsigned(this.#places.of[place]!);
      this.start.byte(op.localSet);
      this.start.unsigned(local);
    }
    return local;
  }
}
