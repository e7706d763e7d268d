package io.conv4j.plan;

/** Who computes the passes of a plan. */
public enum Implementation {
    /**
     * Own kernels for layers that are not shared on every axis. For the others, pass by pass, the one that is expected to
     * be faster: mostly oneDNN; own kernels where channels are few or leave its blocks of 8 or 16 partly empty (3 to 7
     * times as fast from 64 to 1 or 3 channels), where it has only a matrix product with copies of the source, or takes
     * no layers whose taps lie so far from each other.
     * {@link Plan#describe()} says which.
     */
    AUTO,
    /**
     * oneDNN, which takes convolutions that are shared on every axis only, with strides, paddings and taps of at most 2^26
     * positions from each other.
     */
    ONEDNN,
    /** This library's own kernels. */
    KERNELS
}
