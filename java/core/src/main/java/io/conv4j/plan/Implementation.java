package io.conv4j.plan;

/** Who computes the passes of a plan. */
public enum Implementation {
    /** oneDNN for convolutions that are shared on every axis, own kernels for all others. */
    AUTO,
    /** oneDNN, which takes convolutions that are shared on every axis only. */
    ONEDNN,
    /** This library's own kernels. */
    KERNELS
}
