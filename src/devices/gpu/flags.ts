/** The flags of WebGPU, which Node has no globals for. Source: the specification, § 5 and § 8. */
export const MAP_READ = 0x1;
export const COPY_SRC = 0x4;
export const COPY_DST = 0x8;
export const UNIFORM = 0x40;
export const STORAGE = 0x80;

/** For mapping. */
export const READ = 0x1;

/** The stage of a binding. */
export const COMPUTE = 0x4;
