package org.ingestimage;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;

import org.junit.jupiter.api.Test;

/** The order of the packages, as docs/architecture.md tells it. */
class PackagesTest {

    private static final String ROOT = "org.ingestimage";
    /** From top to bottom; those of one line know nothing of each other. */
    private static final List<Set<String>> ORDER = List.of(
        Set.of(ROOT),
        Set.of(ROOT + ".processor", ROOT + ".search"),
        Set.of(ROOT + ".service"),
        Set.of(ROOT + ".service.calls"),
        Set.of(ROOT + ".service.load"),
        Set.of(ROOT + ".service.wire"),
        Set.of(ROOT + ".service.hosts"),
        Set.of(ROOT + ".memory"),
        Set.of(ROOT + ".recipe"),
        Set.of(ROOT + ".picture"),
        Set.of(ROOT + ".common")
    );
    private static final JavaClasses CLASSES = new ClassFileImporter().importUrl(
        ImagePlugin.class.getProtectionDomain().getCodeSource().getLocation()
    );

    @Test
    void everyPackageHasItsPlaceInTheOrder() {
        Set<String> there = CLASSES.stream().map(JavaClass::getPackageName).collect(Collectors.toCollection(TreeSet::new));
        Set<String> named = ORDER.stream().flatMap(Set::stream).collect(Collectors.toCollection(TreeSet::new));
        assertEquals(named, there);
    }

    @Test
    void aPackageUsesOnlyThoseBelowIt() {
        for (int line = 0; line < ORDER.size(); line++) {
            for (String name : ORDER.get(line)) {
                String[] notBelow = ORDER.subList(0, line + 1)
                    .stream()
                    .flatMap(Set::stream)
                    .filter(other -> other.equals(name) == false)
                    .toArray(String[]::new);
                if (notBelow.length > 0) {
                    ArchRuleDefinition.noClasses()
                        .that(resideInAPackage(name))
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(notBelow)
                        .because("the order is " + ORDER)
                        .check(CLASSES);
                }
            }
        }
    }

    /** With its nested ones a class is one. */
    @Test
    void noClassesUseEachOtherInACircle() {
        slices().assignedFrom(new SliceAssignment() {
            @Override
            public SliceIdentifier getIdentifierOf(JavaClass type) {
                return type.getName().startsWith(ROOT) ? SliceIdentifier.of(type.getName().split("\\$")[0]) : SliceIdentifier.ignore();
            }

            @Override
            public String getDescription() {
                return "classes of the plugin";
            }
        }).should().beFreeOfCycles().check(CLASSES);
    }
}
