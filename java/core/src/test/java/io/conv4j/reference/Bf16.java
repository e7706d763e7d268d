package io.conv4j.reference;

/** Rounding to bfloat16, from its definition: of the two neighbours the nearer one, of equally near ones the even one. */
public final class Bf16 {
    private Bf16() {}

    public static float round(float value) {
        if (!Float.isFinite(value)) {
            return value;
        }
        int bits = Float.floatToRawIntBits(value);
        int below = bits & 0xffff0000; // in magnitude
        int above = below + 0x10000;
        double magnitude = Math.abs((double) value);
        double down = magnitude - Math.abs((double) Float.intBitsToFloat(below));
        double up = size(above) - magnitude;
        boolean isEven = (below & 0x10000) == 0;
        return Float.intBitsToFloat(down < up || (down == up && isEven) ? below : above);
    }

    /** As if there were no end to the exponents: what would be 2^128 counts as infinity's. */
    private static double size(int bits) {
        float value = Math.abs(Float.intBitsToFloat(bits));
        return Float.isInfinite(value) ? 0x1p128 : value;
    }

    public static float[] round(float[] values) {
        float[] rounded = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            rounded[i] = round(values[i]);
        }
        return rounded;
    }
}
