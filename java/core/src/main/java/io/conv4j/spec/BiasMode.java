package io.conv4j.spec;

/** Which numbers are added to the output of a convolution. */
public enum BiasMode {
    /** None. */
    NONE,
    /** One per output channel: shape {@code [oc]}. */
    CHANNEL,
    /** One per kernel: shape {@code [oc, kernels per axis...]}; for a shared convolution the same as {@link #CHANNEL}. */
    KERNEL,
    /** One per output position: shape {@code [oc, oh, ow]}, whatever the sharing. */
    POSITION
}
