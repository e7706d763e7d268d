package io.conv4j.plan;

import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The instruction sets that this CPU has. */
final class Isas {
    private static final List<Isa> AVAILABLE =
            Arrays.stream(Isa.values()).filter(Isas::isAvailable).toList();

    private Isas() {}

    static List<Isa> available() {
        return AVAILABLE;
    }

    static Isa named(String name) {
        return Isa.valueOf(name.toUpperCase(Locale.ROOT));
    }

    private static boolean isAvailable(Isa isa) {
        PlanOptions options = PlanOptions.builder().isa(isa).build();
        ConvSpec spec = ConvSpec.builder(1, 1).kernel(1).build();
        try {
            ConvPlan.create(spec, Shape.of(1, 1, 1), options).close();
            return true;
        } catch (UnsupportedOperationException e) {
            return false;
        }
    }
}
