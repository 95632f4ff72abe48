import { describe, expect, it } from 'vitest';
import { deviceNames } from '../../dist/config.js';
import { discover, kernelDevices } from '../../dist/devices/discovery.js';
import { DeviceUnavailableError } from '../../dist/errors.js';

describe('devices', () => {
  it('are all named, each available or with a reason', () => {
    const found = discover();
    expect(found.map(({ name }) => name).toSorted()).toEqual([...deviceNames].toSorted());
    for (const device of found) {
      if (device.available) expect(device.memory).toBeGreaterThan(0);
      else expect(device.reason).toMatch(/\w/);
    }
  });

  it('for kernels: those asked for that are there, in the order asked', () => {
    expect(kernelDevices('auto')).toEqual(['wasm', 'js']);
    expect(kernelDevices(['js', 'gpu', 'wasm'])).toEqual(['js', 'wasm']);
    expect(() => kernelDevices(['onnx'])).toThrow(DeviceUnavailableError);
  });
});
