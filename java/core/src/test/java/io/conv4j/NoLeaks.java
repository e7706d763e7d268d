package io.conv4j;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.conv4j.memory.Tensor;
import java.util.Set;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails every test, and every test class, after which more native memory is live than before. Registered for all tests
 * (META-INF/services), so that none can forget it.
 */
public final class NoLeaks implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, AfterAllCallback {
    /** Pure values, and tests of the loader that need it unloaded. */
    private static final Set<String> WITHOUT_NATIVE_CODE =
            Set.of("io.conv4j.spec", "io.conv4j.reference", "io.conv4j.internal.binding");

    @Override
    public void beforeAll(ExtensionContext context) {
        remember(context);
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        remember(context);
    }

    @Override
    public void afterEach(ExtensionContext context) {
        compare(context);
    }

    @Override
    public void afterAll(ExtensionContext context) {
        compare(context);
    }

    private static boolean watches(ExtensionContext context) {
        return !WITHOUT_NATIVE_CODE.contains(context.getRequiredTestClass().getPackageName());
    }

    private static ExtensionContext.Store store(ExtensionContext context) {
        return context.getStore(ExtensionContext.Namespace.create(NoLeaks.class, context.getUniqueId()));
    }

    private static void remember(ExtensionContext context) {
        if (watches(context)) {
            store(context).put("live", Tensor.liveBytes());
        }
    }

    private static void compare(ExtensionContext context) {
        if (watches(context)) {
            assertEquals(
                    store(context).get("live"), Tensor.liveBytes(), "live bytes after " + context.getDisplayName());
        }
    }
}
