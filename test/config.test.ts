/** Options: which there are, what each may be, and which layer wins. */
import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { checkOptions, environmentOptions, resolveSettings } from '../dist/config.js';
import { OptionError } from '../dist/errors.js';

describe('resolveSettings', () => {
  it('takes each option from the strongest layer that has it', () => {
    const settings = resolveSettings(
      { workers: 3, device: 'js' },
      { workers: 5, retries: 2, timeout: 9 },
      { retries: 7, scheduler: 'sync' },
    );
    expect(settings).toMatchObject({ workers: 3, devices: ['js'], retries: 2, timeout: 9, scheduler: 'sync' });
  });

  it('has a default for everything', () => {
    expect(resolveSettings()).toEqual({
      scheduler: 'auto',
      devices: 'auto',
      precision: 'float64',
      workers: availableParallelism(),
      memory: {},
      spill: true,
      passes: ['fuse'],
      retries: 0,
      timeout: undefined,
      revectorize: false,
      progress: false,
      observers: [],
      signal: undefined,
    });
  });

  it('takes passes by name, all or none', () => {
    expect(resolveSettings({ optimize: false }).passes).toEqual([]);
    expect(resolveSettings({ optimize: ['fuse'] }, { optimize: false }).passes).toEqual(['fuse']);
  });

  it('takes undefined for not given, and tells the observers of every layer', () => {
    const [a, b] = [{}, {}];
    const settings = resolveSettings({ workers: undefined, observers: [a] }, { workers: 4, observers: [b] });
    expect(settings.workers).toBe(4);
    expect(settings.observers).toEqual([a, b]);
  });
});

describe('checkOptions', () => {
  it.each([
    [{ workers: 1.5 }, 'workers', 'a whole number ≥ 1, not 1.5'],
    [{ optimize: ['fuze'] }, 'optimize', "true, false or a list of passes ('fuse'), not ['fuze']"],
    [{ workers: '2' }, 'workers', "not '2'"],
    [{ retries: Number.NaN }, 'retries', 'not NaN'],
    [{ timeout: -1 }, 'timeout', 'milliseconds > 0, not -1'],
    [{ device: [] }, 'device', 'not []'],
    [{ precision: 'single' }, 'precision', "'float64' or 'float32', not 'single'"],
    [{ precison: 'float32' }, 'precison', "did you mean 'precision'?"],
    [{ device: ['js', 'abacus'] }, 'device', "not ['js', 'abacus']"],
    [{ observers: {} }, 'observers', 'a list of observers'],
    [{ progress: 1 }, 'progress', 'true, false or an observer'],
    [{ signal: true }, 'signal', 'an AbortSignal'],
    [{ sheduler: 'sync' }, 'sheduler', "did you mean 'scheduler'?"],
    [{ color: 'red' }, 'color', 'there are scheduler, device, workers'],
    [null, 'compute', 'options must be an object, not null'],
  ])('refuses %j by name', (options, name, message) => {
    const check = (): unknown => checkOptions(options, 'compute', 'run');
    expect(check).toThrow(OptionError);
    expect(check).toThrow(message);
    try {
      check();
    } catch (error) {
      expect((error as OptionError).option).toBe(name);
    }
  });

  it('takes revectorize for a runtime only', () => {
    expect(checkOptions({ revectorize: true }, 'configure', 'runtime')).toEqual({ revectorize: true });
    expect(() => checkOptions({ revectorize: true }, 'compute', 'run')).toThrow(
      "compute: there is no option 'revectorize'; it is one of configure() and createRuntime()",
    );
    expect(() => checkOptions({ revectorize: 1 }, 'configure', 'runtime')).toThrow(
      "configure: option 'revectorize' must be true or false, not 1",
    );
    expect(() => checkOptions({ revectorise: true }, 'configure', 'runtime')).toThrow("did you mean 'revectorize'?");
  });

  it('takes a signal for a call only', () => {
    const options = { signal: new AbortController().signal };
    expect(checkOptions(options, 'compute', 'run')).toEqual(options);
    expect(() => checkOptions(options, 'configure', 'runtime')).toThrow("no option 'signal'");
  });
});

describe('environmentOptions', () => {
  it('reads what is set, and refuses what cannot be', () => {
    expect(environmentOptions({})).toEqual({});
    expect(environmentOptions({ LAZULI_WORKERS: '3', LAZULI_DEVICE: 'wasm, js', LAZULI_PRECISION: 'float32' })).toEqual(
      {
        precision: 'float32',
        workers: 3,
        device: ['wasm', 'js'],
      },
    );
    expect(environmentOptions({ LAZULI_WORKERS: '' })).toEqual({});
    expect(environmentOptions({ LAZULI_REVECTORIZE: 'true' })).toEqual({ revectorize: true });
    expect(environmentOptions({ LAZULI_REVECTORIZE: '1' })).toEqual({ revectorize: true });
    expect(environmentOptions({ LAZULI_REVECTORIZE: '0' })).toEqual({ revectorize: false });
    expect(() => environmentOptions({ LAZULI_REVECTORIZE: 'yes' })).toThrow(
      "LAZULI_REVECTORIZE must be true or false, not 'yes'",
    );
    expect(() => environmentOptions({ LAZULI_WORKERS: 'many' })).toThrow(
      "LAZULI_WORKERS must be a whole number ≥ 1, not 'many'",
    );
    expect(() => environmentOptions({ LAZULI_DEVICE: 'abacus' })).toThrow('LAZULI_DEVICE');
  });
});
