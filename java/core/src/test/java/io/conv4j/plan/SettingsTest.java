package io.conv4j.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.conv4j.NewJvm;
import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Shape;
import io.conv4j.spec.Sharing;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Environment variables that say what own kernels are chosen for; a wrong one is named when a plan is made. */
class SettingsTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "CONV4J_CPU | intel | made",
                "CONV4J_CPU | zen3 | made",
                "CONV4J_CPU | zen4 | made",
                "CONV4J_CPU | zen5 | made",
                "CONV4J_CPU | z80 | CONV4J_CPU: expected intel, zen3, zen4 or zen5 but got z80",
                "CONV4J_CACHE | 4096 | made",
                "CONV4J_CACHE | 9223372036854775807 | made",
                "CONV4J_CACHE | 9223372036854775808 | CONV4J_CACHE: expected a number of bytes but got 9223372036854775808",
                "CONV4J_CACHE | 0 | CONV4J_CACHE: expected a number of bytes but got 0",
                "CONV4J_CACHE | -1 | CONV4J_CACHE: expected a number of bytes but got -1",
                "CONV4J_CACHE | 32M | CONV4J_CACHE: expected a number of bytes but got 32M",
                "CONV4J_CACHE | '' | CONV4J_CACHE: expected a number of bytes but got ",
                "CONV4J_ISA | sse | CONV4J_ISA: expected generic, avx2 or avx512 but got sse"
            })
    void wrongOnesAreNamed(String name, String value, String expected) throws Exception {
        List<String> program = List.of("-cp", System.getProperty("java.class.path"), Program.class.getName());
        assertEquals(expected, NewJvm.run(Map.of(name, value), program).strip());
    }

    @ParameterizedTest
    @EnumSource
    void anInstructionSetThatTheCpuLacksIsNamed(Isa isa) throws Exception {
        String name = isa.name().toLowerCase(Locale.ROOT);
        wrongOnesAreNamed(
                "CONV4J_ISA", name, Isas.available().contains(isa) ? "made" : "CONV4J_ISA: this CPU lacks " + name);
    }

    static final class Program {
        public static void main(String[] args) {
            ConvSpec spec =
                    ConvSpec.builder(8, 8).kernel(3, 3).sharing(Sharing.local()).build();
            try {
                ConvPlan.create(spec, Shape.of(1, 8, 9, 9)).close();
                System.out.println("made");
            } catch (RuntimeException e) {
                System.out.println(e.getMessage());
            }
        }
    }
}
