"""The main job, on a real network: what does MobileNetV2 cost, and what does each of its layers see?

The network is built without weights in memory: an analysis reads none.
"""

import keras

import keras_cnnstats as cnnstats

with cnnstats.abstract():
    model = keras.applications.MobileNetV2(weights=None)

report = cnnstats.report(model)

print("\nOne layer:")
row = report["block_3_depthwise"]
print(f"  {row.layer}: {row.macs:,} MACs, {row.params:,} parameters")
print(f"  sees {row.receptive_field} input pixels (rows, columns), moves on by {row.stride_product}")

print("\nWhy other tools print other totals:\n")
report.reconcile()
