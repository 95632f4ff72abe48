/**
 * The GPU that tests compute on where there is none: SwiftShader, which Chromium brings along. To be imported before
 * anything that looks for a GPU. A GPU of the machine's own is used instead where the environment names its driver.
 */
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Where packages of Chromium put the description of the driver. */
const places = [
  '/usr/lib/chromium/vk_swiftshader_icd.json',
  '/usr/lib/chromium-browser/vk_swiftshader_icd.json',
  '/opt/google/chrome/vk_swiftshader_icd.json',
];

const driver = places.find((place) => existsSync(place) && existsSync(join(dirname(place), 'libvk_swiftshader.so')));

/** Undefined when tests have a GPU; else why not. */
export const noGpu: string | undefined = use();

function use(): string | undefined {
  if (process.env.VK_DRIVER_FILES !== undefined || process.env.VK_ICD_FILENAMES !== undefined) return undefined;
  if (driver === undefined) return `no software GPU: none of ${places.join(', ')} is there; install chromium`;
  process.env.VK_ICD_FILENAMES = driver;
  process.env.XDG_RUNTIME_DIR ??= mkdtempSync(join(tmpdir(), 'lazuli-gpu-'));
  return undefined;
}
