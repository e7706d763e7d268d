package io.conv4j.internal.binding;

/**
 * How plans reach what tensors and layouts do not show in public. The memory package installs itself when its classes are
 * initialised; types are {@code Object} since this package knows no other.
 */
public abstract class Access {
    private static volatile Access instance;

    protected Access() {}

    /** Called once, by the memory package. */
    public static void install(Access access) {
        instance = access;
    }

    public static Access get() {
        return instance;
    }

    /** The memory of a tensor. */
    public abstract NativeMemory memory(Object tensor);

    /** The number of a layout. */
    public abstract long layoutId(Object layout);

    /** The orientation of a layout of packed weights; null for any other layout. */
    public abstract Object orientation(Object layout);

    /** The layout with this number. */
    public abstract Object layout(long id);

    /** The weights layout with this number, bound to a shape and orientation. */
    public abstract Object weightsLayout(long id, Object shape, Object orientation);
}
