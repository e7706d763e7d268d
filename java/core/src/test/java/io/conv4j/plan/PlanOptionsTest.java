package io.conv4j.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.conv4j.memory.DataType;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class PlanOptionsTest {
    @Test
    void theyAreValues() {
        List<Supplier<PlanOptions>> options = List.of(
                PlanOptions.builder().threads(3)::build,
                PlanOptions.builder().threads(4)::build,
                PlanOptions.builder().threads(3).implementation(Implementation.KERNELS)::build,
                PlanOptions.builder().threads(3).isa(Isa.GENERIC)::build,
                PlanOptions.builder().threads(3).weightsType(DataType.BF16)::build,
                PlanOptions.builder().threads(3).activation(Activation.RELU)::build,
                PlanOptions.builder().threads(3).residual(true)::build);
        Set<PlanOptions> distinct = new HashSet<>();
        for (Supplier<PlanOptions> each : options) {
            assertEquals(each.get(), each.get());
            distinct.add(each.get());
            distinct.add(each.get());
        }
        assertEquals(options.size(), distinct.size());
    }
}
