package io.conv4j.plan;

/** An object of JSON, written field by field. */
final class Json {
    private final StringBuilder fields = new StringBuilder();

    Json put(String name, String value) {
        return putRaw(name, quote(value));
    }

    Json put(String name, long value) {
        return putRaw(name, Long.toString(value));
    }

    /** JSON knows finite numbers only. */
    Json put(String name, double value) {
        return putRaw(name, Double.isFinite(value) ? Double.toString(value) : "null");
    }

    /** A value that is JSON already. */
    Json putRaw(String name, String value) {
        fields.append(fields.isEmpty() ? "" : ", ")
                .append(quote(name))
                .append(": ")
                .append(value);
        return this;
    }

    static String quote(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c < ' ') {
                quoted.append(String.format("\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }

    @Override
    public String toString() {
        return "{" + fields + "}";
    }
}
