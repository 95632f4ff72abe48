/** WGSL of a function that kernels may use, kept by its name, and the functions that it uses itself. */
export interface Definition {
  readonly code: string;
  readonly uses?: readonly string[];
}
