package io.conv4j.spec;

/** Which way round the kernel is laid over the input. Both compute the same family of layers. */
public enum Orientation {
    /** {@code y(t) = sum over k of x(t + k) w(k)}: what neural networks call convolution (the chapter's 9.7). */
    CROSS_CORRELATION,
    /** {@code y(t) = sum over k of x(t + K - 1 - k) w(k)}: mathematical convolution, the kernel flipped on every axis. */
    CONVOLUTION
}
