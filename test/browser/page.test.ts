/** The `.html` picture in a real browser, offline. Needs Debian's chromium, or another by LAZULI_CHROMIUM. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawProgram } from '../../dist/diagnostics/visualize.js';
import { nested } from '../diagnostics/graphs.js';

const executablePath = process.env.LAZULI_CHROMIUM ?? '/usr/bin/chromium';

describe.skipIf(!existsSync(executablePath))('the page of a graph', () => {
  let folder = '';
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];
  const requests: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lazuli-page-'));
    const path = await drawProgram(nested(), { filename: join(folder, 'graph.html') });
    browser = await chromium.launch({ executablePath, args: ['--headless', '--no-sandbox', '--disable-gpu'] });
    const context = await browser.newContext({ offline: true, viewport: { width: 1280, height: 800 } });
    page = await context.newPage();
    page.on('console', (message) => problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(path).href);
  });
  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true });
  });

  const box = (label: string, nth = 0) => page.locator('.task', { hasText: label }).nth(nth);
  const highlighted = () => page.locator('.task.on').count();
  const transform = () =>
    page.locator('main > svg').evaluate((svg) => (svg as unknown as { style: { transform: string } }).style.transform);

  it('shows every box inside the window, and asks nobody for anything', async () => {
    expect(await page.locator('.task').count()).toBe(30);
    expect(await page.locator('li:visible').count()).toBe(30);
    for (const at of await page.locator('.task').all()) {
      const place = (await at.boundingBox())!;
      expect(place.x).toBeGreaterThanOrEqual(300);
      expect(place.x + place.width).toBeLessThanOrEqual(1280);
      expect(place.y + place.height).toBeLessThanOrEqual(800);
    }
    expect(requests).toHaveLength(1);
  });

  it('highlights what a task needs and what needs it', async () => {
    await box('max').hover();
    // x, sqdist, rbf, y, score ×20, sum ×5, div ×5, the task itself, [1], score, sum, div
    expect(await highlighted()).toBe(12);
    expect(await page.locator('pre').textContent()).toContain('7 boxes above, 4 below');
    await page.mouse.move(1270, 790);
    expect(await highlighted()).toBe(0);
  });

  it('keeps a selection until Escape', async () => {
    await box('sqdist').click();
    await page.mouse.move(1270, 790);
    expect(await page.locator('.task.self').count()).toBe(1);
    expect(await page.locator('button[aria-pressed=true]').textContent()).toContain('sqdist');
    await page.keyboard.press('Escape');
    expect(await highlighted()).toBe(0);
  });

  it('finds tasks by name and key, and goes to the first on Enter', async () => {
    await page.locator('input').fill('rbf');
    expect(await page.locator('li:visible').count()).toBe(1);
    await page.locator('input').press('Enter');
    expect(await page.locator('.task.self').textContent()).toContain('rbf');
    await page.locator('input').fill('');
    expect(await page.locator('li:visible').count()).toBe(30);
  });

  it('zooms by wheel and button, moves by dragging, and fits again', async () => {
    await page.getByText('Fit').click();
    const fitted = await transform();
    await page.mouse.move(700, 400);
    await page.mouse.wheel(0, -400);
    await expect.poll(transform).not.toBe(fitted);
    const zoomed = await transform();
    await page.mouse.down();
    await page.mouse.move(760, 440, { steps: 3 });
    await page.mouse.up();
    expect(await transform()).not.toBe(zoomed);
    await page.getByLabel('Zoom out').click();
    await page.getByText('Fit').click();
    expect(await transform()).toBe(fitted);
  });

  it('has no errors', () => {
    expect(problems).toEqual([]);
  });
});
