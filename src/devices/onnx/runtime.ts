/** What is used of onnxruntime-node. An interface of our own: the package is an optional peer, its types are not there. */
export interface OnnxTensor {
  readonly data: unknown;
  dispose(): void;
}

export interface OnnxSession {
  run(feeds: Readonly<Record<string, OnnxTensor>>, fetches: Readonly<Record<string, OnnxTensor>>): Promise<unknown>;
  release(): Promise<void>;
}

export interface OnnxRuntime {
  readonly InferenceSession: {
    create(model: Uint8Array, options: Readonly<Record<string, unknown>>): Promise<OnnxSession>;
  };
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => OnnxTensor;
}
