package org.ingestimage;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

import com.tngtech.archunit.core.domain.AccessTarget.MethodCallTarget;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;

import org.junit.jupiter.api.Test;

/** The node's clock may be set forward or back at any time, which no deadline, pause or penalty may notice. */
class ClocksTest {

    /** Time passes by `System.nanoTime`. The other clock is only for what people and the service read. */
    @Test
    void onlyASignatureAndWhatIsPendingReadTheClockThatCanBeSet() {
        Set<String> found = new ClassFileImporter().importUrl(ImagePlugin.class.getProtectionDomain().getCodeSource().getLocation())
            .stream()
            .filter(type -> type.getMethodCallsFromSelf().stream().anyMatch(call -> isClockThatCanBeSet(call.getTarget())))
            .map(JavaClass::getSimpleName)
            .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(Set.of("Pending", "RequestSignature"), found);
    }

    private static boolean isClockThatCanBeSet(MethodCallTarget target) {
        String owner = target.getOwner().getName();
        return owner.equals("java.lang.System") && target.getName().equals("currentTimeMillis")
            || owner.startsWith("java.time.") && Set.of("now", "systemUTC", "systemDefaultZone").contains(target.getName());
    }
}
