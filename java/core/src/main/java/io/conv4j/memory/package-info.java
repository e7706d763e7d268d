/**
 * Tensors off the Java heap and the layouts of their elements.
 */
package io.conv4j.memory;
