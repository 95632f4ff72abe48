/**
 * What piscina loads in a new thread. Piscina tries `require` first, and Node aborts the whole process when a thread that
 * is ended happens to be within the `require` of an ECMAScript module (seen in 20.20: every second time in 150 runtimes
 * that were closed while their threads started). This file is CommonJS, for which that does not hold, and imports the
 * entry; `import` is hidden in a function so that loaders such as tsx do not make a `require` of it.
 */
type Handle = (message: unknown) => Promise<unknown>;

const load = new Function('url', 'return import(url)') as (url: string) => Promise<{ readonly default: Handle }>;
const { pathToFileURL } = process.getBuiltinModule('node:url');
const entry = load(new URL('entry.js', pathToFileURL(__filename)).href);
// Every message asks for it and hears why there is none
entry.catch(() => {});

const handle: Handle = async (message) => (await entry).default(message);

module.exports = handle;
