package io.conv4j.benchmarks;

import java.util.Locale;

/** The passes that are measured. */
enum Pass {
    FORWARD,
    BACKWARD_DATA,
    BACKWARD_WEIGHTS;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
