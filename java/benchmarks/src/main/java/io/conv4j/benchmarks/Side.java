package io.conv4j.benchmarks;

/** One pass, ready to be called again and again, every call into the same results. */
interface Side extends AutoCloseable {
    /** Seconds of so many calls. */
    double seconds(int calls);

    /** What it found out about itself, to be appended to its name. */
    default String detail() {
        return "";
    }

    @Override
    void close();

    /** A side that is called from Java. */
    static Side of(Runnable call, Runnable close) {
        return new Side() {
            @Override
            public double seconds(int calls) {
                long begin = Clock.nanos();
                for (int i = 0; i < calls; i++) {
                    call.run();
                }
                return 1e-9 * (Clock.nanos() - begin);
            }

            @Override
            public void close() {
                close.run();
            }
        };
    }
}
