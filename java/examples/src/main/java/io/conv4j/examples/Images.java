package io.conv4j.examples;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * Grey images of 28 x 28 pixels.
 *
 * @param pixels one image after the other, row by row, each pixel from 0 (black) to 1 (white)
 */
record Images(float[] pixels) {
    static final int SIDE = 28;
    static final int PIXELS = SIDE * SIDE;

    int count() {
        return pixels.length / PIXELS;
    }

    Images range(int from, int to) {
        return new Images(Arrays.copyOfRange(pixels, from * PIXELS, to * PIXELS));
    }

    /** Copies one image to the place with this index. */
    void copyTo(int image, float[] destination, int index) {
        System.arraycopy(pixels, image * PIXELS, destination, index * PIXELS, PIXELS);
    }

    Images withNoise(double sigma, RandomGenerator random) {
        float[] noisy = new float[pixels.length];
        addNoise(pixels, noisy, noisy.length, sigma, random);
        return new Images(noisy);
    }

    /** Gaussian noise on the first so many pixels, clipped to [0, 1]. */
    static void addNoise(float[] clean, float[] noisy, int pixels, double sigma, RandomGenerator random) {
        for (int i = 0; i < pixels; i++) {
            noisy[i] = (float) Math.min(Math.max(clean[i] + sigma * random.nextGaussian(), 0), 1);
        }
    }

    /** The mean of the squared differences of all pixels. */
    double meanSquaredError(Images other) {
        double sum = 0;
        for (int i = 0; i < pixels.length; i++) {
            double difference = pixels[i] - other.pixels[i];
            sum += difference * difference;
        }
        return sum / pixels.length;
    }
}
