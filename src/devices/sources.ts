/**
 * The devices outside the pool's threads that this version has: one entry for each folder beside this file. Nothing else
 * names them. A source costs nothing before somebody asks whether its device is there.
 */
import { addDeviceName } from '../config.js';
import type { DeviceSource } from './contract.js';
import { gpuSource } from './gpu/source.js';
import { onnxSource } from './onnx/source.js';
import { tensorflowSource } from './tensorflow/source.js';

/** Those of the package. */
const own: readonly DeviceSource[] = [gpuSource, onnxSource(), tensorflowSource()];

const installed: DeviceSource[] = [];

export function deviceSources(): readonly DeviceSource[] {
  return installed.length === 0 ? own : [...own, ...installed];
}

export function sourceOf(name: string): DeviceSource | undefined {
  return installed.find((source) => source.name === name) ?? own.find((source) => source.name === name);
}

/** Adds a device under its name, in the place of one of the package where it has that name. Returns what removes it. */
export function installSource(source: DeviceSource): () => void {
  const removeName = addDeviceName(source.name);
  installed.push(source);
  return () => {
    const at = installed.indexOf(source);
    if (at < 0) return;
    installed.splice(at, 1);
    removeName();
  };
}
