"""The walk of one alert: intake → planner → dispatcher → (adapter) → outcomes → receiver; rescuer mends.

The stages never import each other: they meet in the store and at wake-up events. A 1 s poll is the truth, the event only the speed.
"""
