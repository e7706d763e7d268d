package io.conv4j;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Data flows one way: signal, plan, memory, spec; and only what holds native memory or plans enters the binding. */
@AnalyzeClasses(packages = "io.conv4j", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule ARROWS = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("spec")
            .definedBy("io.conv4j.spec")
            .layer("memory")
            .definedBy("io.conv4j.memory")
            .layer("plan")
            .definedBy("io.conv4j.plan")
            .layer("signal")
            .definedBy("io.conv4j.signal")
            .layer("binding")
            .definedBy("io.conv4j.internal.binding")
            .whereLayer("spec")
            .mayNotAccessAnyLayer()
            .whereLayer("memory")
            .mayOnlyAccessLayers("spec", "binding")
            .whereLayer("plan")
            .mayOnlyAccessLayers("spec", "memory", "binding")
            .whereLayer("signal")
            .mayOnlyAccessLayers("spec", "memory", "plan")
            .whereLayer("binding")
            .mayNotAccessAnyLayer();

    @ArchTest
    static final ArchRule NO_CIRCLES =
            slices().matching("io.conv4j.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule NO_OTHER_ROOMS = classes()
            .should()
            .resideInAnyPackage(
                    "io.conv4j.spec",
                    "io.conv4j.memory",
                    "io.conv4j.plan",
                    "io.conv4j.signal",
                    "io.conv4j.internal.binding");
}
