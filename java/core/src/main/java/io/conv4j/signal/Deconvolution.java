package io.conv4j.signal;

import java.util.Objects;

/**
 * What {@link Signal#deconvolve} finds: signal = divisor * quotient + remainder, where * is full convolution. It holds the
 * arrays themselves, no copies, and is equal to another one only if that holds the same two.
 *
 * @param quotient n - k + 1 elements, none where the divisor is longer than the signal
 * @param remainder n elements, as many as the signal has
 */
public record Deconvolution(double[] quotient, double[] remainder) {
    /**
     * The result of a division.
     *
     * @param quotient its quotient
     * @param remainder its remainder
     * @throws NullPointerException if an argument is null
     */
    public Deconvolution {
        Objects.requireNonNull(quotient, "quotient");
        Objects.requireNonNull(remainder, "remainder");
    }
}
