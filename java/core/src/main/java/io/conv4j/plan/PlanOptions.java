package io.conv4j.plan;

import io.conv4j.memory.DataType;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/** How a plan computes. A value. */
public final class PlanOptions {
    private static final int MOST_THREADS = 1024;

    private final int threads;
    private final Implementation implementation;
    private final Optional<Isa> isa;
    private final DataType weightsType;
    private final Activation activation;
    private final boolean residual;

    private PlanOptions(Builder builder) {
        threads = builder.threads;
        implementation = builder.implementation;
        isa = builder.isa;
        weightsType = builder.weightsType;
        activation = builder.activation;
        residual = builder.residual;
    }

    /**
     * One thread per available processor, implementation and instruction set chosen, weights of {@link DataType#F32}.
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

    /**
     * Who computes.
     *
     * @return the implementation
     */
    public Implementation implementation() {
        return implementation;
    }

    /**
     * The instruction set that own kernels are forced to.
     *
     * @return empty for the process's default: the best that the CPU has, or what the environment variable CONV4J_ISA
     *     says
     */
    public Optional<Isa> isa() {
        return isa;
    }

    /**
     * The type of the weights in {@link Plan#weightsLayout()}.
     *
     * @return {@link DataType#F32}, or {@link DataType#BF16} for inference
     */
    public DataType weightsType() {
        return weightsType;
    }

    /**
     * What the forward pass applies to its result.
     *
     * @return the activation
     */
    public Activation activation() {
        return activation;
    }

    /**
     * Whether the forward pass adds to what its output holds.
     *
     * @return whether the output holds the residual beforehand
     */
    public boolean residual() {
        return residual;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PlanOptions options && values().equals(options.values());
    }

    @Override
    public int hashCode() {
        return values().hashCode();
    }

    private List<Object> values() {
        return List.of(threads, implementation, isa, weightsType, activation, residual);
    }

    /** Such as {@code threads 2, implementation auto, isa default, weights f32}; activation and residual where
     * there are any. */
    @Override
    public String toString() {
        return ("threads " + threads + ", implementation " + implementation + ", isa "
                        + isa.map(Isa::name).orElse("default") + ", weights " + weightsType
                        + (activation.equals(Activation.NONE) ? "" : ", activation " + activation)
                        + (residual ? ", residual" : ""))
                .toLowerCase(Locale.ROOT);
    }

    /** Gathers options; each of its methods but {@link #build()} returns the builder itself. */
    public static final class Builder {
        private int threads = Math.min(Runtime.getRuntime().availableProcessors(), MOST_THREADS);
        private Implementation implementation = Implementation.AUTO;
        private Optional<Isa> isa = Optional.empty();
        private DataType weightsType = DataType.F32;
        private Activation activation = Activation.NONE;
        private boolean residual;

        private Builder() {}

        /**
         * Threads that every pass runs with, or as many as {@code OMP_THREAD_LIMIT} allows. With 1, any number of calling
         * threads run side by side; with more, the library adds at most twice as many operating-system threads, however
         * many call.
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
         * Forces who computes. A plan for a layer that it cannot compute is refused.
         *
         * @param choice the implementation
         * @return this builder
         * @throws NullPointerException if {@code choice} is null
         */
        public Builder implementation(Implementation choice) {
            implementation = Objects.requireNonNull(choice, "implementation");
            return this;
        }

        /**
         * Forces the instruction set of own kernels. A plan for one that the CPU lacks is refused.
         *
         * @param choice the instruction set
         * @return this builder
         * @throws NullPointerException if {@code choice} is null
         */
        public Builder isa(Isa choice) {
            isa = Optional.of(Objects.requireNonNull(choice, "isa"));
            return this;
        }

        /**
         * The type of the weights. Where every weight is read from memory once per call, as by a local layer at batch 1,
         * their bytes are all that a forward pass costs, and {@link DataType#BF16} halves them; activations and sums stay
         * {@link DataType#F32}. A plan for bf16 weights is for inference: it refuses the gradient of the weights. It takes
         * own kernels: where the layer is shared on every axis, {@link Implementation#KERNELS} must force it to them.
         *
         * @param choice the type
         * @return this builder
         * @throws NullPointerException if {@code choice} is null
         */
        public Builder weightsType(DataType choice) {
            weightsType = Objects.requireNonNull(choice, "weightsType");
            return this;
        }

        /**
         * Applies a function to the result of the forward pass: output = activation(convolution + bias (+ residual)), in
         * place, by the threads of the plan. Backward passes take the gradient at the point before it.
         *
         * @param choice the function
         * @return this builder
         * @throws NullPointerException if {@code choice} is null
         */
        public Builder activation(Activation choice) {
            activation = Objects.requireNonNull(choice, "activation");
            return this;
        }

        /**
         * Lets the forward pass add to what its output holds, before the activation: the caller puts the residual there
         * and calls {@code forwardInto}. A new output, as {@code forward} returns it, holds zeros. The gradient with
         * respect to the residual is the gradient at the point before the activation.
         *
         * @param choice whether it adds
         * @return this builder
         */
        public Builder residual(boolean choice) {
            residual = choice;
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
