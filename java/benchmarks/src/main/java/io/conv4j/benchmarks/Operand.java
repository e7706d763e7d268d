package io.conv4j.benchmarks;

/** What passes compute with, and from. */
enum Operand {
    SOURCE,
    WEIGHTS,
    OUTPUT;

    static Operand resultOf(Pass pass) {
        return switch (pass) {
            case FORWARD -> OUTPUT;
            case BACKWARD_DATA -> SOURCE;
            case BACKWARD_WEIGHTS -> WEIGHTS;
        };
    }
}
