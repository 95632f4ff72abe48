import { describe, expect, it } from 'vitest';
import { deviceNames } from '../../dist/config.js';
import { discover, kernelDevices } from '../../dist/devices/discovery.js';
import { SimulatedSource } from '../../dist/devices/simulated.js';
import { installSource } from '../../dist/devices/sources.js';
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
    expect(kernelDevices('auto').host).toEqual(['wasm', 'js']);
    expect(kernelDevices(['js', 'wasm']).host).toEqual(['js', 'wasm']);
    const uninstall = [
      installSource(new SimulatedSource('sim')),
      installSource(new SimulatedSource('gone', { reason: 'it was taken out' })),
    ];
    const { host, others } = kernelDevices(['gone', 'wasm', 'sim']);
    expect(host).toEqual(['wasm']);
    expect(others.map(({ name }) => name)).toEqual(['sim']);
    expect(() => kernelDevices(['gone'])).toThrow(/'gone' is not available: it was taken out/);
    expect(() => kernelDevices(['gone'])).toThrow(DeviceUnavailableError);
    const names = discover().map(({ name }) => name as string);
    expect(names).toEqual(expect.arrayContaining(['sim', 'gone']));
    for (const remove of uninstall) remove();
    expect(() => kernelDevices(['sim'])).toThrow(DeviceUnavailableError);
  });
});
