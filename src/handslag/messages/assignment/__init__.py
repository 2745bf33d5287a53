"""An asylum person is assigned to a municipality by the canton (Z1), which says where she lives (Z2); see README.md."""
