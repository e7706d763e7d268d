package io.conv4j.plan;

/** An instruction set that own kernels are compiled for. */
public enum Isa {
    /** What every CPU of the platform has. */
    GENERIC,
    /** AVX2 with FMA. */
    AVX2,
    /** AVX-512: F, BW, DQ and VL. */
    AVX512
}
