package io.conv4j.plan;

/** Who computes the passes of a plan. */
public enum Implementation {
    /**
     * oneDNN for convolutions that are shared on every axis and that it computes directly; own kernels for all others.
     * Some layers with few channels in a group oneDNN knows only as matrix products with copies of the source.
     */
    AUTO,
    /** oneDNN, which takes convolutions that are shared on every axis only. */
    ONEDNN,
    /** This library's own kernels. */
    KERNELS
}
