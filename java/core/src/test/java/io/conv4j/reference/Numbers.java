package io.conv4j.reference;

import io.conv4j.spec.Shape;
import java.util.SplittableRandom;

/** Test data: what it is made of, and how closely results must agree with what is expected. */
public enum Numbers {
    /** Uniform in [-1, 1); within each element's own tolerance. */
    FLOATS {
        @Override
        float draw(SplittableRandom random) {
            return uniform(random);
        }
    },
    /** Products are denormal, and would be gone if anything flushed them to zero. */
    TINY {
        @Override
        float draw(SplittableRandom random) {
            return uniform(random) * 0x1p-70f;
        }
    },
    /** NaN and infinity here and there: they must reach what they touch, and nothing else. */
    SPECIAL {
        @Override
        float draw(SplittableRandom random) {
            return switch (random.nextInt(512)) {
                case 0 -> Float.NaN;
                case 1 -> Float.POSITIVE_INFINITY;
                case 2 -> Float.NEGATIVE_INFINITY;
                default -> uniform(random);
            };
        }
    },
    /** From -4 to 4, whose sums are exact in any order: bit for bit. No zeros, so that no product is -0. */
    INTEGERS {
        @Override
        float draw(SplittableRandom random) {
            return (1 + random.nextInt(4)) * (random.nextBoolean() ? 1 : -1);
        }

        @Override
        public void check(String what, Expected expected, float[] actual) {
            expected.checkExact(what, actual);
        }
    };

    abstract float draw(SplittableRandom random);

    private static float uniform(SplittableRandom random) {
        return 2 * random.nextFloat() - 1;
    }

    /** Fails where a result disagrees. */
    public void check(String what, Expected expected, float[] actual) {
        expected.check(what, actual);
    }

    /** The same numbers for the same seed. */
    public float[] fill(Shape shape, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[Math.toIntExact(shape.elements())];
        for (int i = 0; i < values.length; i++) {
            values[i] = draw(random);
        }
        return values;
    }
}
