package io.conv4j.examples;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Goes over the images again and again, in a new order and with new noise each time, and shows how it proceeds. */
final class Training {
    /** Standard deviation of the noise. */
    static final double NOISE = 0.3;

    /** The optimizer's first step; it shrinks evenly down to 0. */
    private static final double LEARNING_RATE = 3e-3;

    private final Network network;
    private final int batch;
    private final float[] clean;
    private final float[] noisy;
    private final List<Double> trainingErrors = new ArrayList<>();
    private final List<Double> heldOutErrors = new ArrayList<>();

    Training(Network network, int batch) {
        this.network = network;
        this.batch = batch;
        this.clean = new float[batch * Images.PIXELS];
        this.noisy = new float[batch * Images.PIXELS];
    }

    /** The mean squared error of every epoch on the images it learned from. */
    List<Double> trainingErrors() {
        return trainingErrors;
    }

    /** The mean squared error on the held-out images after every epoch. */
    List<Double> heldOutErrors() {
        return heldOutErrors;
    }

    void run(Images images, Images heldOut, Images noisyHeldOut, int epochs, SplittableRandom random) {
        int[] order = new int[images.count()];
        for (int i = 0; i < order.length; i++) {
            order[i] = i;
        }
        long steps = (long) epochs * ((order.length - 1) / batch + 1);
        long step = 0;
        try (ProgressBar progress = progressBar((long) epochs * order.length)) {
            for (int epoch = 1; epoch <= epochs; epoch++) {
                shuffle(order, random);
                double sum = 0;
                for (int first = 0; first < order.length; first += batch) {
                    int size = Math.min(batch, order.length - first);
                    for (int i = 0; i < size; i++) {
                        images.copyTo(order[first + i], clean, i);
                    }
                    Images.addNoise(clean, noisy, size * Images.PIXELS, NOISE, random);
                    double rate = LEARNING_RATE * (steps - step++) / steps;
                    sum += size * network.train(noisy, clean, size, rate);
                    progress.stepBy(size);
                    progress.setExtraMessage(message(progress, epoch, sum / (first + size)));
                }
                trainingErrors.add(sum / order.length);
                heldOutErrors.add(reconstruct(noisyHeldOut).meanSquaredError(heldOut));
                progress.refresh();
            }
        }
    }

    /** Removes the noise from any number of images. */
    Images reconstruct(Images source) {
        float[] result = new float[source.pixels().length];
        for (int first = 0; first < source.count(); first += batch) {
            int size = Math.min(batch, source.count() - first);
            System.arraycopy(source.pixels(), first * Images.PIXELS, noisy, 0, size * Images.PIXELS);
            network.reconstruct(noisy, size, clean);
            System.arraycopy(clean, 0, result, first * Images.PIXELS, size * Images.PIXELS);
        }
        return new Images(result);
    }

    private static void shuffle(int[] order, SplittableRandom random) {
        for (int i = order.length - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
    }

    private static String message(ProgressBar progress, int epoch, double loss) {
        double seconds = progress.getTotalElapsed().toNanos() / 1e9;
        return String.format(
                Locale.ROOT, " %.0f images/s, epoch %d, loss %.5f", progress.getCurrent() / seconds, epoch, loss);
    }

    /** On a terminal the bar moves; elsewhere each epoch leaves a line. */
    private static ProgressBar progressBar(long images) {
        ProgressBarBuilder builder = ProgressBar.builder()
                .setTaskName("training")
                .setInitialMax(images)
                .setUnit(" images", 1)
                .setStyle(ProgressBarStyle.ASCII);
        if (System.console() == null) {
            builder.setUpdateIntervalMillis(Integer.MAX_VALUE)
                    .setConsumer(new DelegatingProgressBarConsumer(onceEach(System.out::println), 120));
        }
        return builder.build();
    }

    /** Closing a progress bar repeats its last line. */
    private static Consumer<String> onceEach(Consumer<String> lines) {
        Set<String> seen = new HashSet<>();
        return line -> {
            if (seen.add(line)) {
                lines.accept(line);
            }
        };
    }
}
