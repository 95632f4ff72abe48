/**
 * Dawn, and what it needs of the system. On Linux it asks for the Vulkan loader by its bare name. Programs that bring a
 * driver of their own (Chromium, with a software GPU) bring a loader beside it, where the system does not look: when
 * the user names such a driver, the loader beside it is taken.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

const LOADER = 'libvulkan.so.1';
/** RTLD_LAZY, and RTLD_NODELETE, without which Node would unload at once what is no addon. */
const KEEP = 0x1001;

let isPreloaded = false;

/** Loads the loader that lies beside the driver which the environment names, where there is one. */
function preload(): void {
  if (isPreloaded || process.platform !== 'linux') return;
  isPreloaded = true;
  const drivers = process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES ?? '';
  for (const driver of drivers.split(':')) {
    const loader = join(dirname(driver), LOADER);
    if (driver === '' || !existsSync(loader)) continue;
    try {
      process.dlopen({ exports: {} }, loader, KEEP);
    } catch {
      // "did not self-register": it is no addon, but it is loaded, and found by its name from now on
    }
    return;
  }
}

/** The package `webgpu`. @throws where its native module cannot be loaded on this system */
export async function loadDawn(): Promise<typeof import('webgpu')> {
  preload();
  return await import('webgpu');
}
