/**
 * Arguments to a thread and results from it: as they are where structured clone is faithful, as parcels elsewhere.
 * Results may contain instances of classes that the caller sent or that modules it named export.
 */
import { CaptureError, ResultTransferError } from '../errors.js';
import type { AnyFunction } from '../graph/node.js';
import { knownTag } from './class-tags.js';
import { type Packer, Path, packValue, refuse, type Sender } from './pack.js';
import type { Parcel, Ref } from './shipment.js';
import { globalPath } from './well-known.js';

/**
 * References to the arguments of one call in `packer`, which all calls of a message share.
 * @throws CaptureError naming what cannot travel; the packer is then as it was before.
 */
export function packArguments(args: readonly unknown[], name: string, packer: Packer): Ref[] {
  const path = new Path([`arguments of ${name === '' ? 'the function' : name}`]);
  return packer.attempt(() => args.map((value, i) => packer.pack(value, path.member(i))));
}

const resultSender: Sender = {
  packFunction(fn, packer, path) {
    const global = globalPath(fn);
    if (global !== undefined) return packer.add({ kind: 'global', path: global });
    refuse(path, 'it is a function', 'return data, and make functions where they are used');
  },
  classRef(cls: AnyFunction, _packer, path) {
    const tag = knownTag(cls);
    if (tag !== undefined) return tag;
    refuse(path, `it is an instance of ${cls.name}, a class that the caller did not send`, 'return plain data');
  },
};

/** A parcel for a result that is not plain. @throws ResultTransferError naming what inside it cannot travel. */
export function packResult(value: unknown): Parcel {
  try {
    return packValue(value, resultSender, new Path(['result']));
  } catch (error) {
    if (error instanceof CaptureError) {
      throw new ResultTransferError(
        error.message.replace('cannot be sent to a thread', 'cannot come back from a thread'),
        {
          cause: error,
        },
      );
    }
    throw new ResultTransferError(`the result cannot come back from a thread: ${String(error)}`, { cause: error });
  }
}
