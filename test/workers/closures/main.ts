/** Runs every case here and in a thread, and prints what differs as one line of JSON. A program of its own. */
import { compareAll } from './compare.js';

compareAll().then((report) => {
  console.log(`REPORT ${JSON.stringify(report)}`);
});
