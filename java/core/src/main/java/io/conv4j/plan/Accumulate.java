package io.conv4j.plan;

/** What a gradient method does with what its result tensor holds. */
public enum Accumulate {
    /** Replaces it. */
    OVERWRITE,
    /** Adds to it. */
    ADD
}
