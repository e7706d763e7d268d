package io.conv4j.plan;

/** How a plan computes. Immutable. */
public final class PlanOptions {
    private static final int MOST_THREADS = 1024;

    private final int threads;

    private PlanOptions(Builder builder) {
        threads = builder.threads;
    }

    /**
     * One thread per available processor.
     *
     * @return the default options
     */
    public static PlanOptions defaults() {
        return builder().build();
    }

    /**
     * Begins with the defaults.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Threads that every pass of the plan runs with.
     *
     * @return their number, at least 1
     */
    public int threads() {
        return threads;
    }

    /** Such as {@code threads 2}. */
    @Override
    public String toString() {
        return "threads " + threads;
    }

    /** Gathers options; each of its methods but {@link #build()} returns the builder itself. */
    public static final class Builder {
        private int threads = Math.min(Runtime.getRuntime().availableProcessors(), MOST_THREADS);

        private Builder() {}

        /**
         * Threads that every pass runs with. With 1, any number of calling threads run side by side; with more, the
         * library adds at most twice as many operating-system threads, however many call.
         *
         * @param count 1 to 1024
         * @return this builder
         * @throws IllegalArgumentException if {@code count} is outside
         */
        public Builder threads(int count) {
            if (count < 1 || count > MOST_THREADS) {
                throw new IllegalArgumentException("threads: expected 1 to " + MOST_THREADS + " but got " + count);
            }
            threads = count;
            return this;
        }

        /**
         * The options.
         *
         * @return finished options
         */
        public PlanOptions build() {
            return new PlanOptions(this);
        }
    }
}
