package io.conv4j.benchmarks;

import java.util.Arrays;

/** Of times and ratios. */
final class Statistics {
    private Statistics() {}

    /** The value below which a fraction of the values lies, interpolated linearly. */
    static double quantile(double[] values, double fraction) {
        if (values.length == 0) {
            throw new IllegalArgumentException("values: expected at least one");
        }
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        double position = fraction * (sorted.length - 1);
        int below = (int) position;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
    }

    static double median(double[] values) {
        return quantile(values, 0.5);
    }

    /** How far a side is from itself: the medians of its even and its odd turns, the larger over the smaller. */
    static double selfRatio(double[] values) {
        double even = median(every(values, 0));
        double odd = median(every(values, 1));
        return Math.max(even, odd) / Math.min(even, odd);
    }

    private static double[] every(double[] values, int first) {
        double[] half = new double[(values.length - first + 1) / 2];
        for (int i = 0; i < half.length; i++) {
            half[i] = values[first + 2 * i];
        }
        return half;
    }

    static double geometricMean(double... values) {
        return Math.exp(Arrays.stream(values).map(Math::log).average().orElseThrow());
    }
}
