/** The program that tries 256-bit micro-kernels in a process of its own: its answer is one word on standard output. */
import { agrees, compileMicro, isWorthwhile } from './wide-micro.js';

const pair = compileMicro();
console.log(agrees(pair) ? (isWorthwhile(pair) ? 'good' : 'slow') : 'wrong');
