package io.conv4j.plan;

import io.conv4j.reference.Cases;
import io.conv4j.reference.ConvCase;
import java.util.List;

/** Plans on own kernels keep what all plans promise. */
class KernelsPlanTest extends PlanTest {
    static List<ConvCase> cases() {
        return Cases.some(Cases.withSharings(Cases.convolutions()));
    }

    @Override
    ConvPlan plan(ConvCase c, PlanOptions options) {
        return ConvPlan.create(c.spec(), c.source(), options);
    }
}
