/** Nested cross-validation with the readable js bodies, one task after the other. */
import { evaluate } from '../support/evaluate.js';
import { nestedCrossValidationSuite } from './nested-cross-validate.js';

nestedCrossValidationSuite('js bodies', evaluate);
