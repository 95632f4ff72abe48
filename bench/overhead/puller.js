// A bare thread that pulls when it is told to: the window needs nothing else of a pool.
import { parentPort } from 'node:worker_threads';
import { pull } from '../../dist/workers/window-worker.js';

parentPort.on('message', (message) => parentPort.postMessage(pull(message)));
