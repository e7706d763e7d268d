/**
 * Convolution and its gradients, made ready for one batch shape.
 */
package io.conv4j.plan;
