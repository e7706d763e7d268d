package io.conv4j.signal;

/**
 * Which part of a convolution or cross-correlation is given, axis by axis. The whole of it is n + k - 1 long, n being the
 * signal's size and k the kernel's: convolution from t = 0 on, cross-correlation from t = -(k - 1) on.
 *
 * <table class="striped">
 * <caption>What each mode gives of the whole</caption>
 * <thead><tr><th>mode</th><th>elements</th><th>first element</th></tr></thead>
 * <tbody>
 * <tr><td>{@link #FULL}</td><td>n + k - 1</td><td>0</td></tr>
 * <tr><td>{@link #SAME}</td><td>n</td><td>(k - 1) div 2</td></tr>
 * <tr><td>{@link #VALID}</td><td>n - k + 1</td><td>k - 1</td></tr>
 * </tbody>
 * </table>
 *
 * For even kernels too this is what {@code scipy.signal.convolve} and {@code correlate} give ({@code correlate2d} begins
 * {@code "same"} at k div 2).
 */
public enum Mode {
    /** Everything: wherever signal and kernel overlap at all. */
    FULL,
    /** The middle, as long as the signal. */
    SAME,
    /** Where the whole kernel lies on the signal, which must be at least as long. */
    VALID;

    /** The first element of the whole that is given. */
    int first(int kernel) {
        return switch (this) {
            case FULL -> 0;
            case SAME -> (kernel - 1) / 2;
            case VALID -> kernel - 1;
        };
    }

    /** How many elements are given; may exceed an int, or be below 1 where VALID gives nothing. */
    long size(int signal, int kernel) {
        return switch (this) {
            case FULL -> (long) signal + kernel - 1;
            case SAME -> signal;
            case VALID -> (long) signal - kernel + 1;
        };
    }

    /** Zeros before the signal with which the first position of a sliding kernel gives the first element. */
    int before(int kernel) {
        return kernel - 1 - first(kernel);
    }

    /** Zeros after the signal with which the last position of a sliding kernel gives the last element. */
    long after(int signal, int kernel) {
        return size(signal, kernel) - signal + first(kernel);
    }
}
