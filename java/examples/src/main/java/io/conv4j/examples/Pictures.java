package io.conv4j.examples;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The PNG files of the demo. */
final class Pictures {
    private static final int GAP = 8;
    private static final int LABEL_WIDTH = 130;

    /** Whether text can be drawn; a machine with nothing but a JDK may lack fonts, and has pictures without labels. */
    static final boolean HAS_FONTS = hasFonts();

    private Pictures() {}

    private static boolean hasFonts() {
        try {
            Sheet sheet = new Sheet(LABEL_WIDTH, LABEL_WIDTH);
            sheet.graphics.drawString("text", GAP, GAP);
            return true;
        } catch (RuntimeException | Error e) { // Either, depending on what is missing.
            return false;
        }
    }

    /** The first so many images of every kind, kinds below each other. */
    static void saveRows(Path file, Map<String, Images> kinds, int count) throws IOException {
        int cell = 3 * Images.SIDE;
        Sheet sheet = new Sheet(LABEL_WIDTH + count * (cell + GAP), GAP + kinds.size() * (cell + GAP));
        int top = GAP;
        for (Map.Entry<String, Images> kind : kinds.entrySet()) {
            sheet.label(kind.getKey(), GAP, top + cell / 2);
            for (int i = 0; i < count; i++) {
                Images image = kind.getValue().range(i, i + 1);
                sheet.image(image.pixels(), Images.SIDE, LABEL_WIDTH + i * (cell + GAP), top, cell);
            }
            top += cell + GAP;
        }
        sheet.save(file);
    }

    /** Kernels [count][size][size], each on a scale of its own: 0 is grey, its largest magnitude white or black. */
    static void saveKernels(Path file, float[] kernels, int size) throws IOException {
        int columns = 8;
        int cell = 24 * size;
        int count = kernels.length / (size * size);
        int rows = (count + columns - 1) / columns;
        int labelHeight = 24;
        Sheet sheet = new Sheet(GAP + columns * (cell + GAP), labelHeight + GAP + rows * (cell + GAP));
        sheet.label(
                "kernels of the first layer: grey is 0, white positive, black negative", GAP, GAP + labelHeight / 2);
        for (int i = 0; i < count; i++) {
            float[] kernel = Arrays.copyOfRange(kernels, i * size * size, (i + 1) * size * size);
            int left = GAP + i % columns * (cell + GAP);
            int top = labelHeight + GAP + i / columns * (cell + GAP);
            sheet.image(greys(kernel), size, left, top, cell);
        }
        sheet.save(file);
    }

    private static float[] greys(float[] kernel) {
        float largest = 0;
        for (float weight : kernel) {
            largest = Math.max(largest, Math.abs(weight));
        }
        float[] greys = new float[kernel.length];
        for (int i = 0; i < greys.length; i++) {
            greys[i] = 0.5f + 0.5f * kernel[i] / largest;
        }
        return greys;
    }

    /** Curves over epochs 1, 2, ...; takes fonts. */
    static void saveCurves(Path file, Map<String, List<Double>> curves) throws IOException {
        XYChart chart = new XYChartBuilder()
                .width(720)
                .height(440)
                .title("Denoising encoder-decoder")
                .xAxisTitle("epoch")
                .yAxisTitle("mean squared error")
                .build();
        chart.getStyler().setYAxisMin(0.0).setYAxisDecimalPattern("0.000").setChartBackgroundColor(Color.WHITE);
        curves.forEach((name, values) -> chart.addSeries(name, values).setMarker(SeriesMarkers.NONE));
        ImageIO.write(BitmapEncoder.getBufferedImage(chart), "png", file.toFile());
    }

    /** A white page with grey images and labels on it. */
    private static final class Sheet {
        private final BufferedImage page;
        private final Graphics2D graphics;

        Sheet(int width, int height) {
            page = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
            graphics = page.createGraphics();
            graphics.setColor(Color.WHITE);
            graphics.fillRect(0, 0, width, height);
            graphics.setColor(Color.BLACK);
            graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        }

        void label(String text, int left, int middle) {
            if (HAS_FONTS) {
                graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 16));
                graphics.drawString(text, left, middle + 6);
            }
        }

        /** Square pixels from 0 (black) to 1 (white); what lies outside is cut. */
        void image(float[] pixels, int side, int left, int top, int size) {
            BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
            for (int i = 0; i < pixels.length; i++) {
                int grey = Math.round(255 * Math.min(Math.max(pixels[i], 0), 1));
                image.setRGB(i % side, i / side, grey << 16 | grey << 8 | grey);
            }
            graphics.drawImage(image, left, top, size, size, null);
            graphics.setColor(Color.GRAY);
            graphics.drawRect(left - 1, top - 1, size + 1, size + 1);
            graphics.setColor(Color.BLACK);
        }

        void save(Path file) throws IOException {
            graphics.dispose();
            ImageIO.write(page, "png", file.toFile());
        }
    }
}
