package io.conv4j.plan;

import io.conv4j.memory.DataType;
import io.conv4j.reference.ConvCase;
import io.conv4j.reference.Numbers;
import io.conv4j.reference.RandomCases;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

/**
 * Every pass of layers drawn at random, against the reference. {@code -Dconv4j.random.cases=N} says how many, {@code
 * -Dconv4j.random.seed=S} which, {@code -Dconv4j.random.isa=avx2} on what; a failure names the one seed that brings it
 * back.
 */
class RandomLayersTest {
    private static final int CASES = Integer.getInteger("conv4j.random.cases", 400);
    private static final long SEED = Long.getLong("conv4j.random.seed", System.nanoTime());
    private static final String ISA = System.getProperty("conv4j.random.isa");

    @Test
    void smallLayersAgreeWithTheReference() {
        check(CASES, new RandomCases(1));
    }

    /** Many ways are for layers that fill caches. */
    @Test
    void largeLayersAgreeWithTheReference() {
        check((CASES + 9) / 10, new RandomCases(6));
    }

    private static void check(int count, RandomCases cases) {
        System.out.println("random layers: " + count + " from seed " + SEED);
        for (int i = 0; i < count; i++) {
            long seed = SEED + i;
            try {
                check(seed, cases);
            } catch (Throwable e) {
                Assertions.fail("-Dconv4j.random.cases=1 -Dconv4j.random.seed=" + seed + ": " + e.getMessage(), e);
            }
        }
    }

    private static void check(long seed, RandomCases cases) {
        Random random = new Random(~seed);
        boolean transposed = random.nextInt(4) == 0;
        ConvCase drawn = transposed ? cases.transposed(seed) : cases.convolution(seed);
        try (Plan plan = plan(drawn, options(random, drawn), transposed)) {
            Numbers numbers = random.nextBoolean() ? Numbers.INTEGERS : Numbers.FLOATS;
            PassCheck check = new PassCheck(plan.geometry(), plan.options().weightsType(), numbers);
            List<PassCheck.Way> ways = PassCheck.PAIRWISE;
            check.run(plan, List.of(ways.get(random.nextInt(ways.size())), ways.get(random.nextInt(ways.size()))));
        } catch (AssertionError e) {
            throw new AssertionError(drawn.spec() + " over " + drawn.source() + ": " + e.getMessage(), e);
        }
    }

    private static PlanOptions options(Random random, ConvCase drawn) {
        PlanOptions.Builder options = PlanOptions.builder().threads(1 + random.nextInt(3));
        Isa isa = ISA == null
                ? Isas.available().get(random.nextInt(Isas.available().size()))
                : Isas.named(ISA);
        boolean kernels = random.nextInt(3) == 0;
        if ((kernels || !drawn.spec().sharing().isShared()) && random.nextInt(4) == 0) {
            options.weightsType(DataType.BF16);
        }
        return options.isa(isa)
                .implementation(kernels ? Implementation.KERNELS : Implementation.AUTO)
                .build();
    }

    private static Plan plan(ConvCase drawn, PlanOptions options, boolean transposed) {
        return transposed
                ? TransposedConvPlan.create(drawn.spec(), drawn.source(), options)
                : ConvPlan.create(drawn.spec(), drawn.source(), options);
    }
}
